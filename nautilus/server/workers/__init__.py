"""What engines do in the background, one file for each worker."""
