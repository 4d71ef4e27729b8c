"""What regulators' databases say of devices: GUDID (FDA) and the UDI database of the NMPA, as device records.

gudid.py maps GUDID's records, those of its look-up and of tables drawn from it; nmpa.py those of the NMPA's exports;
connectors.py reads them. A device record is a statement to fill and check items with, never an item.

Which way of reading GUDID: its full release has millions of devices, of which a site has thousands, so the devices of our
items are looked up one by one, a part each day (kind `gudid`); a table that somebody drew from a release can be read as
it is (kind `gudid_table`). The NMPA's database is shared as packages of XML or JSON, by day, week and month: they are put
into a folder (kind `nmpa_udid`), or pushed.
"""

from lotwatch.sources.devices.connectors import GudidLookUp, GudidTable, NmpaFolder, gudid, gudid_table, nmpa, nmpa_push

__all__ = ["GudidLookUp", "GudidTable", "NmpaFolder", "gudid", "gudid_table", "nmpa", "nmpa_push"]
