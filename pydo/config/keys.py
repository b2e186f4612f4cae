"""The keys of wrangler's configuration: who inherits them, and what pydo makes of them.

After cloudflare/workers-sdk `packages/workers-utils/src/config/{config,environment}.ts`, with the
names of bindings as its messages spell them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "BINDINGS",
    "DEV_KEYS",
    "KEYS",
    "OF_TOOLS",
    "STRAYS",
    "TYPES",
    "BindingKind",
    "KeyRule",
    "Reach",
    "Treatment",
]


class Reach(Enum):
    """Where a key may stand, and whether `[env.NAME]` takes it from the top level."""

    INHERITED = "top level, overridden by an environment"
    ENVIRONMENT = "top level or environment, each for itself"
    TOP_LEVEL = "top level only"


class Treatment(Enum):
    """What a key does in pydo."""

    SIMULATED = "read and honoured"
    NOT_SIMULATED = "would change what the Worker sees, but pydo does not do it"
    NO_EFFECT = "matters for building and deploying only"


@dataclass(frozen=True, slots=True)
class KeyRule:
    """What is known of one key."""

    reach: Reach
    treatment: Treatment


@dataclass(frozen=True, slots=True)
class BindingKind:
    """How a key binds names in `env`.

    `label` is wrangler's word for the kind, `within` the keys down to the table or array of tables
    that bind, and `named_by` the key of such a table that holds the name.
    """

    label: str
    within: tuple[str, ...] = ()
    named_by: str = "binding"


BINDINGS = {
    "durable_objects": BindingKind("Durable Object", ("bindings",), "name"),
    "kv_namespaces": BindingKind("KV Namespace"),
    "d1_databases": BindingKind("D1 Database"),
    "r2_buckets": BindingKind("R2 Bucket"),
    "queues": BindingKind("Queue", ("producers",)),
    "services": BindingKind("Worker"),
    "workflows": BindingKind("Workflow"),
    "vectorize": BindingKind("Vectorize Index"),
    "hyperdrive": BindingKind("Hyperdrive Config"),
    "ai": BindingKind("AI"),
    "browser": BindingKind("Browser"),
    "images": BindingKind("Images"),
    "media": BindingKind("Media"),
    "stream": BindingKind("Stream"),
    "assets": BindingKind("Assets"),
    "send_email": BindingKind("Send Email", named_by="name"),
    "ratelimits": BindingKind("Rate Limit", named_by="name"),
    "pipelines": BindingKind("Pipeline"),
    "version_metadata": BindingKind("Worker Version Metadata"),
    "analytics_engine_datasets": BindingKind("Analytics Engine Dataset"),
    "dispatch_namespaces": BindingKind("Dispatch Namespace"),
    "mtls_certificates": BindingKind("mTLS Certificate"),
    "secrets_store_secrets": BindingKind("Secrets Store Secret"),
    "worker_loaders": BindingKind("Worker Loader"),
    "vpc_services": BindingKind("VPC Service"),
}
"""The kinds of bindings by key; `vars` is not among them, its own keys are the names."""


def _rules(reach: Reach, treatment: Treatment, *keys: str) -> dict[str, KeyRule]:
    return dict.fromkeys(keys, KeyRule(reach, treatment))


KEYS: dict[str, KeyRule] = {
    **_rules(Reach.ENVIRONMENT, Treatment.NOT_SIMULATED, *BINDINGS),
    **_rules(
        Reach.ENVIRONMENT,
        Treatment.NOT_SIMULATED,
        *("agent_memory", "ai_search", "ai_search_namespaces", "artifacts", "cloudchamber"),
        *("connect", "containers", "define", "flagship", "unsafe"),
        *("unsafe_hello_world", "vpc_networks", "websearch"),
    ),
    **_rules(
        Reach.ENVIRONMENT,
        Treatment.SIMULATED,
        *("d1_databases", "durable_objects", "kv_namespaces", "secrets", "services", "vars"),
    ),
    **_rules(Reach.ENVIRONMENT, Treatment.NO_EFFECT, "tail_consumers", "streaming_tail_consumers"),
    **_rules(
        Reach.INHERITED,
        Treatment.SIMULATED,
        *("assets", "compatibility_date", "compatibility_flags", "exports", "main"),
        *("migrations", "name", "triggers"),
    ),
    **_rules(
        Reach.INHERITED,
        Treatment.NOT_SIMULATED,
        *("base_dir", "build", "logfwdr"),
    ),
    **_rules(
        Reach.INHERITED,
        Treatment.NO_EFFECT,
        *("access", "account_id", "cache", "compliance_region", "find_additional_modules"),
        *("first_party_worker", "jsx_factory", "jsx_fragment", "keep_names", "limits", "logpush"),
        *("minify", "no_bundle", "observability", "placement", "preserve_file_names"),
        *("preview_urls", "previews", "python_modules", "route", "routes", "rules", "tsconfig"),
        *("upload_source_maps", "workers_dev"),
    ),
    **_rules(Reach.TOP_LEVEL, Treatment.SIMULATED, "dev", "env"),
    **_rules(
        Reach.TOP_LEVEL,
        Treatment.NOT_SIMULATED,
        *("alias", "data_blobs", "pages_build_output_dir", "site", "text_blobs", "wasm_modules"),
    ),
    **_rules(
        Reach.TOP_LEVEL, Treatment.NO_EFFECT, "$schema", "keep_vars", "legacy_env", "send_metrics"
    ),
}

DEV_KEYS = (
    *("ip", "port", "host", "local_protocol", "upstream_protocol", "inspector_ip"),
    *("inspector_port", "enable_containers", "container_engine", "generate_types"),
)
"""The keys of `[dev]`."""

OF_TOOLS = (
    *("configPath", "userConfigPath", "topLevelName", "definedEnvironments"),
    "targetEnvironment",
)
"""The keys that a build tool adds to the configuration that it makes."""

STRAYS = frozenset(key for key in KEYS if "_" in key) | {"main", "migrations", "vars"}
"""The keys of the top level that no table has, so that one found there has lost its way."""

TYPES: dict[str, tuple[type, str]] = {
    **dict.fromkeys(
        (
            *("find_additional_modules", "first_party_worker", "keep_names", "keep_vars"),
            *("legacy_env", "logpush", "minify", "no_bundle", "preserve_file_names"),
            *("preview_urls", "send_metrics", "upload_source_maps", "workers_dev"),
        ),
        (bool, "boolean"),
    ),
    **dict.fromkeys(
        (
            *("$schema", "account_id", "base_dir", "jsx_factory", "jsx_fragment"),
            *("pages_build_output_dir", "tsconfig"),
        ),
        (str, "string"),
    ),
}
"""The types of the keys that nothing else looks at, and wrangler's words for them."""
