"""Views of domain results and bodies of requests, by their documented names."""
