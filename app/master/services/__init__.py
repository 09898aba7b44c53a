"""What the master does; the routes only translate HTTP."""
