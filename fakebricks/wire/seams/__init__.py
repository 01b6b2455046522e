"""Where each HTTP library is opened: one module per library, imported only once the library is."""
