"""DynamoDB, ElastiCache and OpenSearch."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

Monthly = Callable[..., dict[str, Decimal | None]]
D = Decimal


def test_a_table_on_demand_is_paid_by_request(monthly: Monthly) -> None:
    usage = {
        "monthly_write_request_units": 4_000_000,
        "monthly_read_request_units": 8_000_000,
        "storage_gb": 20,
    }
    table = {"billing_mode": "PAY_PER_REQUEST", "replica": [{"region_name": "us-west-2"}]}
    assert monthly("aws_dynamodb_table", table, usage) == {
        "write request units": D("2.5"),
        "read request units": D(1),
        "data storage": D(5),
        "replica in us-west-2": D("2.5"),
    }


def test_a_provisioned_table_is_paid_by_capacity(monthly: Monthly) -> None:
    table = {
        "write_capacity": 10,
        "read_capacity": 20,
        "replica": {"region_name": "us-west-2"},
        "point_in_time_recovery": {"enabled": True},
    }
    usage = {
        "storage_gb": 4,
        "pitr_backup_storage_gb": 10,
        "on_demand_backup_storage_gb": 10,
        "monthly_data_restored_gb": 10,
        "monthly_streams_read_request_units": 1_000_000,
    }
    assert monthly("aws_dynamodb_table", table, usage) == {
        "write capacity": D("4.745"),
        "read capacity": D("1.898"),
        "data storage": D(1),
        "point-in-time recovery storage": D(2),
        "on-demand backup storage": D(1),
        "data restored": D("1.5"),
        "stream read request units": D("0.2"),
        "replica in us-west-2": D("4.745"),
    }
    assert monthly("aws_dynamodb_table", table)["point-in-time recovery storage"] is None


def test_a_replica_in_an_unknown_region_is_unknown(monthly: Monthly) -> None:
    table = {"write_capacity": 1, "replica": {"region_name": "mars-1"}}
    assert monthly("aws_dynamodb_table", table)["replica in mars-1"] is None


def test_a_cache_costs_its_nodes_and_later_backups(monthly: Monthly) -> None:
    cluster = {"node_type": "cache.m6g.large", "num_cache_nodes": 2, "engine": "redis"}
    assert monthly("aws_elasticache_cluster", cluster) == {"nodes (cache.m6g.large)": D("217.54")}
    kept = {**cluster, "snapshot_retention_limit": 3}
    found = monthly("aws_elasticache_cluster", kept, {"snapshot_storage_size_gb": 100})
    assert found["backups after the first"] == D(17)
    memcached = {**kept, "engine": "memcached"}
    assert len(monthly("aws_elasticache_cluster", memcached, {"snapshot_storage_size_gb": 100})) == 1
    assert monthly("aws_elasticache_cluster", {"replication_group_id": "g"}) == {}


@pytest.mark.parametrize(
    ("group", "nodes"),
    [
        ({}, 1),
        ({"num_cache_clusters": 3}, 3),
        ({"number_cache_clusters": 2}, 2),
        ({"num_node_groups": 2, "replicas_per_node_group": 1}, 4),
        ({"cluster_mode": {"num_node_groups": 3, "replicas_per_node_group": 2}}, 9),
        ({"replicas_per_node_group": 1}, 2),
    ],
)
def test_a_replication_group_counts_its_nodes(monthly: Monthly, group: dict[str, object], nodes: int) -> None:
    found = monthly("aws_elasticache_replication_group", {"node_type": "cache.t3.micro", **group})
    assert found == {"nodes (cache.t3.micro)": D("12.41") * nodes}


def test_valkey_nodes_cost_a_fifth_less(monthly: Monthly) -> None:
    group = {"node_type": "cache.t4g.micro", "engine": "valkey"}
    found = monthly("aws_elasticache_replication_group", group)
    assert found == {"nodes (cache.t4g.micro)": D("9.344")}  # 730 h x 0.8 x 0.016


def test_reserved_nodes_are_unknown_unless_paid_upfront(monthly: Monthly) -> None:
    cluster = {"node_type": "cache.m6g.large"}
    usage = {"reserved_instance_term": "1_year", "reserved_instance_payment_option": "no_upfront"}
    assert monthly("aws_elasticache_cluster", cluster, usage) == {"nodes (reserved, cache.m6g.large)": None}
    usage["reserved_instance_payment_option"] = "all_upfront"
    assert monthly("aws_elasticache_cluster", cluster, usage) == {"nodes (reserved, cache.m6g.large)": D(0)}


def test_a_search_domain_gives_every_node_its_volume(monthly: Monthly) -> None:
    domain = {
        "cluster_config": {
            "instance_type": "m5.large.search",
            "instance_count": 3,
            "dedicated_master_enabled": True,
            "dedicated_master_type": "c6g.large.search",
            "warm_enabled": True,
            "warm_type": "ultrawarm1.medium.search",
            "warm_count": 2,
        },
        "ebs_options": {"ebs_enabled": True, "volume_size": 100},
    }
    found = monthly("aws_opensearch_domain", domain, {"ultrawarm_storage_gb": 1000})
    assert found == {
        "data nodes (m5.large.search)": D("310.98"),  # 3 x 730 h x 0.142
        "storage (gp2)": D("40.5"),
        "master nodes (c6g.large.search)": D("247.47"),
        "UltraWarm nodes (ultrawarm1.medium.search)": D("347.48"),
        "UltraWarm storage": D(24),
    }


@pytest.mark.parametrize(
    ("options", "extra"),
    [
        ({"volume_type": "io1", "iops": 100}, {"provisioned IOPS": "8.8"}),
        ({"volume_type": "gp3", "throughput": 225}, {"throughput above the included": "6.4"}),
        ({"volume_type": "gp3", "volume_size": 200, "throughput": 250}, {}),
        (
            {"volume_type": "gp3", "volume_size": 2000, "iops": 7000, "throughput": 350},
            {"throughput above the included": "6.4", "IOPS above the included": "8"},
        ),
    ],
)
def test_search_storage_follows_its_type(
    monthly: Monthly, options: dict[str, object], extra: dict[str, str]
) -> None:
    domain = {
        "cluster_config": {"instance_type": "t3.small.search"},
        "ebs_options": {"ebs_enabled": True, **options},
    }
    found = monthly("aws_elasticsearch_domain", domain)
    storage = f"storage ({options['volume_type']})"
    names = set(found) - {"data nodes (t3.small.search)", storage}
    assert found[storage] is not None
    assert {name: found[name] for name in names} == {name: D(cost) for name, cost in extra.items()}
