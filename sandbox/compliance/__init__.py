"""A regulator's open data for trials and tests: device recalls, enforcement reports and device records."""
