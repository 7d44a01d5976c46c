"""What `manage.py doctor` looks at: each part of Codr, really tried, one line each."""
