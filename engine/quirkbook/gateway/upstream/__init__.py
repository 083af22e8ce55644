"""HTTP towards providers: pooled connections, prepared requests, and checks of responses."""
