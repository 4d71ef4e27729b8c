"""Every way to people but SendGrid: each provider's interface as its own description has it, and a mail server.

What is received is shown instead of delivered.
"""
