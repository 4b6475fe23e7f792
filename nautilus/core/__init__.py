"""Nothing about finance: frames, folds, checks, errors, results and statistics."""
