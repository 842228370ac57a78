"""The parts of a deployment that other files of the project already define: network policies, alert rules, metrics and routes of alerts."""
