"""Set-up and start of a checkout. Nothing here is imported by the application."""
