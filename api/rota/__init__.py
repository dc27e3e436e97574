"""The duty rota."""
