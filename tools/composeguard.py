"""docker-compose.yml is what Compose accepts: checked against the parts of its schema that the file uses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jsonschema
import yaml

STRINGS = {"type": "array", "items": {"type": "string"}}
MAPPING = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
SERVICE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "anyOf": [{"required": ["image"]}, {"required": ["build"]}],
    "properties": {
        "image": {"type": "string"},
        "build": {"type": ["string", "object"]},
        "command": {"type": ["string", "array"]},
        "environment": MAPPING,
        "env_file": {"type": "array", "items": {"type": ["string", "object"]}},
        "ports": STRINGS,
        "volumes": STRINGS,
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "init": {"type": "boolean"},
        "user": {"type": "string"},
        "security_opt": STRINGS,
        "cap_drop": STRINGS,
        "cap_add": STRINGS,
        "shm_size": {"type": ["string", "integer"]},
        "logging": {"type": "object", "required": ["driver"]},
        "read_only": {"type": "boolean"},
        "tmpfs": STRINGS,
        "stop_grace_period": {"type": "string"},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
                },
                "required": ["condition"],
            },
        },
        "healthcheck": {
            "type": "object",
            "required": ["test"],
            "additionalProperties": False,
            "properties": {
                "test": {"type": ["string", "array"]},
                **dict.fromkeys(("interval", "timeout", "start_period"), {"type": "string"}),
                "retries": {"type": "integer"},
            },
        },
        "profiles": STRINGS,
        "deploy": {"type": "object"},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["services"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
        "networks": {"type": "object"},
    },
}


def main() -> None:
    composed = yaml.safe_load(Path("docker-compose.yml").read_text())
    try:
        jsonschema.validate(composed, SCHEMA)
    except jsonschema.ValidationError as error:
        sys.exit(f"docker-compose.yml: {error.json_path}: {error.message}")
    services = composed["services"]
    for name, service in services.items():
        missing = set(service.get("depends_on", {})) - set(services)
        unknown = {v.split(":")[0] for v in service.get("volumes", []) if not v.startswith((".", "/"))} - set(
            composed.get("volumes", {})
        )
        if missing or unknown:
            sys.exit(f"docker-compose.yml: {name} names what is not there: {sorted(missing | unknown)}")


if __name__ == "__main__":
    main()
