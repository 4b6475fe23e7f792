"""What the features engine is made of: bars in, features out."""
