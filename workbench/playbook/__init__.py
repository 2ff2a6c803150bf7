"""From demo to production: dossier, gate checks by stage, audit, toolkit."""
