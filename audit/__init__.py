"""The audit of the supply chain: known vulnerabilities, bills of materials and licences of all that tapeline runs with."""
