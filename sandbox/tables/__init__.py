"""Other companies' systems as their interfaces show them: SAP's OData, Kingdee's ExecuteBillQuery, Yonyou's open platform."""
