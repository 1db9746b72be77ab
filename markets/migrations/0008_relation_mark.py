"""Names each pair by its two markets: looking one up by the end of its slug read every row."""

import hashlib

from django.db import migrations, models


def name_pairs(apps, schema_editor):
    """Marks every pair; where two rows join the same markets, the older keeps the mark."""
    relation = apps.get_model("markets", "Relation")
    claim = apps.get_model("markets", "Claim")
    markets = {}
    rows = claim.objects.filter(relation__kind="pair").order_by("position")
    for slug, market in rows.values_list("relation_id", "market_id"):
        held = markets.setdefault(slug, [])
        if market not in held:
            held.append(market)
    named, given = [], set()
    for row in relation.objects.filter(kind="pair").order_by("id").only("id", "slug", "mark"):
        pair = sorted(markets.get(row.slug, ()))
        mark = hashlib.sha256("|".join(pair).encode()).hexdigest()[:32]
        if len(pair) == 2 and mark not in given:
            given.add(mark)
            row.mark = mark
            named.append(row)
    relation.objects.bulk_update(named, ["mark"], batch_size=500)


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0007_revision_chain'),
    ]

    operations = [
        migrations.AddField(
            model_name='relation',
            name='mark',
            field=models.CharField(editable=False, max_length=32, null=True, unique=True),
        ),
        migrations.RunPython(name_pairs, migrations.RunPython.noop, elidable=True),
    ]
