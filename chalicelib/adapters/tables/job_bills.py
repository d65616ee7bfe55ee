"""The job_bills table: one small row for each invocation that worked for a job."""

from __future__ import annotations

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, Table, run
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.cost import Bill, Request


class BillItem(Table):
    """One bill as stored."""

    class Meta:
        """Table settings."""

        kind = "job_bills"
        billing_mode = BILLING

    job_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    function = UnicodeAttribute()
    memory_mb = Count()
    ms = Count()
    invocations = Count(default=1)
    requests = JSONAttribute(null=True)
    stored_bytes = Count(default=0)
    scratch_mb = Count(default=0)


class LedgerTable:
    """Implements ports.Ledger."""

    def record(self, bill: Bill) -> None:
        """Write a bill whole; a state that is older than what is stored, by its ms, is dropped."""
        item = BillItem(**item_values(bill))
        newer = BillItem.id.does_not_exist() | (BillItem.ms <= bill.ms)
        try:
            run(lambda: item.save(condition=newer))
        except ConditionFailed:
            return

    def bills(self, job_id: str) -> list[Bill]:
        """All bills of a job by id, strongly consistent."""
        return run(lambda: [_bill(item) for item in BillItem.query(job_id, consistent_read=True)])

    def delete(self, job_id: str) -> None:
        """Remove a job's bills; quiet when there are none."""
        keys = [bill.id for bill in self.bills(job_id)]

        def remove() -> None:
            with BillItem.batch_write() as batch:
                for key in keys:
                    batch.delete(BillItem(job_id, key))

        run(remove)


def _bill(item: BillItem) -> Bill:
    counted = {Request(kind): int(number) for kind, number in (item.requests or {}).items()}
    return read_item(Bill, item, {}, requests=counted)
