"""HTTP towards clients: ASGI, bodies, and the limits of the protocol."""
