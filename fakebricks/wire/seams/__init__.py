"""Where each HTTP library is opened: one module per library, imported only where the library is installed."""
