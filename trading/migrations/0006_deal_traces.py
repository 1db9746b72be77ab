from django.db import migrations, models

# What opened an earlier deal stands in the decision that approved it.
FILL = r"""
UPDATE trading_deal
SET trace = regexp_replace(trading_deal.deal_id, '-[^-]*$', '') || '.' || approved.seq
FROM trading_decision AS approved
WHERE approved.deal_id = trading_deal.deal_id AND approved.verdict = 'approved'
"""


class Migration(migrations.Migration):
    dependencies = [("trading", "0005_self_tests")]

    operations = [
        migrations.AddField(
            model_name="deal",
            name="trace",
            field=models.CharField(blank=True, db_index=True, default="", max_length=140),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
