"""Who may use an HTTP endpoint, and under which names it answers. Shared by the live page, the metrics endpoints and the alert webhook."""
