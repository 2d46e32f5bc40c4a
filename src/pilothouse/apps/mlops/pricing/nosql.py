"""Prices DynamoDB, ElastiCache and OpenSearch."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine
from pilothouse.apps.mlops.pricing.quote import Quote
from pilothouse.apps.mlops.pricing.reading import HOURS, Block, amount, block, blocks, flag, number, text

DYNAMODB = "aws/dynamodb"
ELASTICACHE = "aws/elasticache"
OPENSEARCH = "aws/opensearch"
MILLION = 1_000_000


def dynamodb_table(quote: Quote) -> tuple[CostLine, ...]:
    """aws_dynamodb_table, provisioned or on demand, with replicas (global tables).

    Usage: monthly_write_request_units, monthly_read_request_units, storage_gb, pitr_backup_storage_gb,
    on_demand_backup_storage_gb, monthly_data_restored_gb, monthly_streams_read_request_units.
    """
    attributes = quote.resource.attributes
    on_demand = quote.text("billing_mode").upper() == "PAY_PER_REQUEST"
    ia = "_ia" if quote.text("table_class") == "STANDARD_INFREQUENT_ACCESS" else ""
    writes = quote.use("monthly_write_request_units")
    capacity = amount(attributes, "write_capacity", 0)
    if on_demand:
        reads = quote.use("monthly_read_request_units")
        quote.metered(DYNAMODB, f"wru{ia}", "write request units", writes, per=MILLION)
        quote.metered(DYNAMODB, f"rru{ia}", "read request units", reads, per=MILLION)
    else:
        quote.fixed(DYNAMODB, "wcu", "write capacity", capacity * HOURS)
        quote.fixed(DYNAMODB, "rcu", "read capacity", amount(attributes, "read_capacity", 0) * HOURS)
    quote.metered(DYNAMODB, f"storage{ia}", "data storage", quote.use("storage_gb"))
    pitr = quote.use("pitr_backup_storage_gb")
    if pitr is not None or flag(block(attributes, "point_in_time_recovery"), "enabled"):
        quote.metered(DYNAMODB, "pitr", "point-in-time recovery storage", pitr)
    quote.optional(DYNAMODB, "backup", "on-demand backup storage", quote.use("on_demand_backup_storage_gb"))
    quote.optional(DYNAMODB, "restore", "data restored", quote.use("monthly_data_restored_gb"))
    streams = quote.use("monthly_streams_read_request_units")
    quote.optional(DYNAMODB, "streams", "stream read request units", streams, per=MILLION)
    for replica in blocks(attributes, "replica"):
        region = text(replica, "region_name")
        name = f"replica in {region}"
        if on_demand:
            quote.metered(DYNAMODB, "rwru", name, writes, per=MILLION, region=region)
        else:
            price = quote.book.find(DYNAMODB, "rwcu", region)
            quote.price(price, name, capacity * HOURS, what=f"{DYNAMODB} rwcu of {region}")
    return quote.done()


def _add_nodes(quote: Quote, count: Decimal, engine: str) -> None:
    name = quote.text("node_type")
    hours = count * HOURS
    term = text(quote.usage, "reserved_instance_term")
    option = text(quote.usage, "reserved_instance_payment_option")
    kind = f"valkey.{name}" if engine == "valkey" else name
    if option == "all_upfront" and term:
        price = quote.book.find(ELASTICACHE, "reserved.all_upfront", quote.region)
        note = "the upfront payment is not part of this line"
        quote.price(price, f"nodes (reserved, {name})", hours, note=note)
    elif term:
        quote.fixed(ELASTICACHE, f"reserved.{kind}.{term}.{option}", f"nodes (reserved, {name})", hours)
    else:
        quote.fixed(ELASTICACHE, f"node.{kind}", f"nodes ({name})", hours)
    kept = amount(quote.resource.attributes, "snapshot_retention_limit", 0) - 1
    size = quote.use("snapshot_storage_size_gb")
    if engine != "memcached" and kept > 0 and size is not None:
        quote.metered(ELASTICACHE, "backup", "backups after the first", size * kept)


def elasticache_cluster(quote: Quote) -> tuple[CostLine, ...]:
    """aws_elasticache_cluster; one that joins a replication group is billed with the group.

    Usage: snapshot_storage_size_gb, reserved_instance_term, reserved_instance_payment_option.
    """
    if quote.text("replication_group_id"):
        return quote.done()
    _add_nodes(
        quote, amount(quote.resource.attributes, "num_cache_nodes", 1), quote.text("engine", "memcached")
    )
    return quote.done()


def replication_group(quote: Quote) -> tuple[CostLine, ...]:
    """aws_elasticache_replication_group: shards times one primary and its replicas, or a number of nodes.

    Usage: as `elasticache_cluster`.
    """
    attributes = quote.resource.attributes
    mode: Block = block(attributes, "cluster_mode") or attributes
    groups = number(mode, "num_node_groups")
    clusters = number(attributes, "num_cache_clusters") or number(attributes, "number_cache_clusters")
    replicas = number(mode, "replicas_per_node_group")
    if groups is not None or replicas is not None:
        nodes = (groups or Decimal(1)) * ((replicas or Decimal(0)) + 1)
    else:
        nodes = clusters or Decimal(1)
    _add_nodes(quote, nodes, quote.text("engine", "redis"))
    return quote.done()


def _add_domain_storage(quote: Quote, options: Block, nodes: Decimal) -> None:
    kind = text(options, "volume_type", "gp2")
    size = amount(options, "volume_size", 8)
    quote.fixed(OPENSEARCH, kind, f"storage ({kind})", size * nodes)
    if kind == "io1":
        quote.fixed(OPENSEARCH, "io1.iops", "provisioned IOPS", amount(options, "iops", 1) * nodes)
    if kind == "gp3":
        blocks_of_3tb = (size / 3000).to_integral_value(rounding="ROUND_CEILING")
        included = Decimal(125) if size < 170 else 250 * blocks_of_3tb
        faster = amount(options, "throughput", 0) - included
        if faster > 0:
            quote.fixed(OPENSEARCH, "gp3.throughput", "throughput above the included", faster * nodes)
        extra = amount(options, "iops", 0) - max(Decimal(3000), size * 3)
        if extra > 0:
            quote.fixed(OPENSEARCH, "gp3.iops", "IOPS above the included", extra * nodes)


def search_domain(quote: Quote) -> tuple[CostLine, ...]:
    """aws_opensearch_domain and aws_elasticsearch_domain. Every data node has its own volume.

    Included gp3 throughput follows the OpenSearch documentation: 125 MB/s below 170 GB, else 250 MB/s for
    every 3 TB begun, per node.
    """
    attributes = quote.resource.attributes
    config = block(attributes, "cluster_config")
    nodes = amount(config, "instance_count", 1)

    def add(name: str, kind: str, count: Decimal) -> None:
        short = kind.removesuffix(".elasticsearch").removesuffix(".search")
        quote.fixed(OPENSEARCH, f"instance.{short}", f"{name} ({kind})", count * HOURS)

    add("data nodes", text(config, "instance_type", "m4.large.elasticsearch"), nodes)
    options = block(attributes, "ebs_options")
    if flag(options, "ebs_enabled"):
        _add_domain_storage(quote, options, nodes)
    if flag(config, "dedicated_master_enabled"):
        masters = amount(config, "dedicated_master_count", 3)
        add("master nodes", text(config, "dedicated_master_type", "m4.large.elasticsearch"), masters)
    if flag(config, "warm_enabled"):
        kind = text(config, "warm_type", "ultrawarm1.medium.elasticsearch")
        add("UltraWarm nodes", kind, amount(config, "warm_count", 2))
        quote.optional(
            OPENSEARCH, "ultrawarm.storage", "UltraWarm storage", quote.use("ultrawarm_storage_gb")
        )
    return quote.done()
