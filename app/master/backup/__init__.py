"""Jobs, accounts and drains as one readable file, and back."""
