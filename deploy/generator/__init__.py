"""The parts of the Kubernetes resources that other files of the project already define: network policies, alert rules, metrics of the servers."""
