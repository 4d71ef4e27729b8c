"""The pages: each module has its filters, its routes and, beside it, its SQL."""
