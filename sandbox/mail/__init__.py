"""A mail service that follows SendGrid's description of mail/send and shows what it received instead of delivering it."""
