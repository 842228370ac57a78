"""How a running program is watched: metrics endpoint, health, alert webhook."""
