"""One line to copy for every command; shown under its options by `--help`."""

import click

EXAMPLES = {
    "assumptions approve": "workbench assumptions approve --register house --as 'finance lead'",
    "assumptions back": "workbench assumptions back --register house --note 'growth lacks a source' --as 'finance lead'",
    "assumptions diff": "workbench assumptions diff --register house --from 3f2a90",
    "assumptions draft": "workbench assumptions draft --register house --note 'budget 2027' --as analyst",
    "assumptions list": "workbench assumptions list --workspace my-ai",
    "assumptions lock": "workbench assumptions lock --register house --as 'finance lead'",
    "assumptions start": "workbench assumptions start --budget 5000 --owner 'finance lead' --workspace my-ai",
    "assumptions submit": "workbench assumptions submit --register house --as analyst",
    "check": "workbench check --stage 2 --json --workspace my-ai",
    "close": "workbench close 2026-10 --true-up 2026-09 1204.50 --as controller --workspace my-ai",
    "closes": "workbench closes --workspace my-ai",
    "compact": "workbench compact --workspace my-ai",
    "demo": "workbench demo demo-workspace --no-serve",
    "drill": "workbench drill --plan drill.yaml --workspace my-ai",
    "erase": "workbench erase --user-id jane@example.org --workspace my-ai",
    "export audit": "workbench export audit --out audit-2026q4.zip --as auditor --workspace my-ai",
    "export excel": "workbench export excel --out envelope.xlsx --workspace my-ai",
    "export exit-plan": "workbench export exit-plan --feature support-chat --out plan.html --workspace my-ai",
    "export focus": "workbench export focus --out focus.csv --month 2026-10 --workspace my-ai",
    "export html": "workbench export html overview --out overview.html --workspace my-ai",
    "export lineage": "workbench export lineage --out lineage.jsonl --days 7 --workspace my-ai",
    "export metrics": "workbench export metrics --out workbench.prom --workspace my-ai",
    "ingest": "workbench ingest logs/ 'exports/*.csv.gz' --set environment=production --workspace my-ai",
    "init": "workbench init my-ai",
    "lab": "workbench lab --workspace my-ai",
    "model allocation": "workbench model allocation --month 2026-10 --workspace my-ai",
    "model commitments": "workbench model commitments --model gpt-4o --workspace my-ai",
    "model envelope": "workbench model envelope --scenario agent-rollout --json --workspace my-ai",
    "model hosting": "workbench model hosting --predict points.csv --out predicted.csv",
    "model model_upgrade": "workbench model model_upgrade --inputs old.csv new.csv --json",
    "model monitoring": "workbench model monitoring --as-of 2026-10-31 --workspace my-ai",
    "model provider_exit": "workbench model provider_exit --replay-to google/gemini-2.5-flash --json --workspace my-ai",
    "model retention": "workbench model retention --inputs policy.yaml --json",
    "model token_ratios": "workbench model token_ratios --source openai/gpt-4o --target mistral/mistral-large "
    "--tokenizer tokenizer.json --samples texts/ --workspace my-ai",
    "model unit_economics": "workbench model unit_economics --inputs rates.yaml --json",
    "model variance": "workbench model variance --month 2026-10 --against 2026-09 --workspace my-ai",
    "prices capacity": "workbench prices capacity --workspace my-ai",
    "prices check": "workbench prices check --workspace my-ai",
    "prices diff": "workbench prices diff gpt-4o --at 2026-10-01 --workspace my-ai",
    "prices import": "workbench prices import contract.csv --workspace my-ai",
    "prices list": "workbench prices list gpt-4o --format csv --workspace my-ai",
    "prices offers": "workbench prices offers --template --workspace my-ai > offers.csv",
    "prices refresh": "workbench prices refresh --workspace my-ai",
    "publish": "workbench publish --workspace my-ai",
    "rebuild": "workbench rebuild --workspace my-ai",
    "reconcile": "workbench reconcile invoice.csv --provider openai --workspace my-ai",
    "retain apply": "workbench retain apply --as-of 2026-10-31 --workspace my-ai",
    "retain plan": "workbench retain plan --json --workspace my-ai",
    "serve": "workbench serve --port 8866 --workspace my-ai",
    "sql": "workbench sql 'SELECT * FROM daily_cost' --format csv --workspace my-ai > daily.csv",
    "status": "workbench status --json --workspace my-ai",
    "terraform estimate": "workbench terraform estimate terraform/bedrock --model anthropic/claude-sonnet-4-5 "
    "--requests 100000 --tokens uncached_input_tokens=2000 --tokens output_tokens=300",
    "terraform lint": "workbench terraform lint terraform/",
    "verify": "workbench verify --workspace my-ai",
}  # fmt: skip


def add_examples(group: click.Group, above: str = "") -> None:
    """Put its example under the help of every command of a group, and of the groups in it."""
    for name, command in group.commands.items():
        path = f"{above} {name}".strip()
        if isinstance(command, click.Group):
            add_examples(command, path)
        elif path in EXAMPLES:
            command.epilog = f"\b\nExample:\n  {EXAMPLES[path]}"
