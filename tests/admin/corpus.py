"""Texts that are scripts wherever somebody forgets that they are text."""

from __future__ import annotations

from typing import Final

ESC: Final = "\x1b"
ATTACKS: Final = (
    "<script>window.__pwned=1</script>",
    "<SCRIPT SRC=//127.0.0.1/x.js></SCRIPT>",
    "</textarea><script>window.__pwned=2</script>",
    "</script><script>window.__pwned=3</script>",
    "</pre></div></section><svg/onload=window.__pwned=4>",
    "</title></style><img src=x onerror=window.__pwned=5>",
    "<img src=x onerror=alert(6)>",
    '"><img src=x onerror="window.__pwned=7">',
    "' onmouseover='window.__pwned=8' autofocus onfocus='window.__pwned=8",
    "<iframe srcdoc='<script>parent.__pwned=9</script>'></iframe>",
    '<a href="javascript:window.__pwned=10">click</a>',
    "javascript:window.__pwned=11",
    "<details open ontoggle=window.__pwned=12>",
    "<base href=//127.0.0.1/><meta http-equiv=refresh content='0;url=javascript:alert(13)'>",
    "<form action=javascript:alert(14)><button>Cancel this job</button></form>",
    "<!--<script>window.__pwned=15</script>-->",
    "<![CDATA[<script>window.__pwned=16</script>]]>",
    "<math><mtext></form><mglyph><style></math><img src onerror=window.__pwned=17>",
    "&lt;script&gt;window.__pwned=18&lt;/script&gt; &#60;script&#62;",
    "{{ request.user.password }} {{ settings.SECRET_KEY }} {{ 7|add:7 }}",
    "{% load static %}{% debug %}{% include 'admin/login.html' %}{# gone #}",
    "%(name)s {0} {job.pk} ${7*7} `${alert(20)}`",
)
# These use the terminal to get there.
SEQUENCES: Final = (
    f"{ESC}]8;;javascript:window.__pwned=30{ESC}\\a link{ESC}]8;;{ESC}\\",
    f'{ESC}]8;id="><script>window.__pwned=31</script>;http://127.0.0.1/\x07b{ESC}]8;;\x07',
    f"{ESC}]0;</title><script>window.__pwned=32</script>\x07",
    f"<scr{ESC}[0mipt>window.__pwned=33</scr{ESC}[1mipt>",
    f"<scr{ESC}[0;31m{ESC}[mipt src=x>",
    f'{ESC}[38;2;1;2;"><script>window.__pwned=34</script>m',
    f"{ESC}_<script>window.__pwned=35</script>{ESC}\\{ESC}P<script>{ESC}\\",
    "<img src=x one\rrror=window.__pwned=36>\b\b",
    "&#x3c;\x00<\x00script>window.__pwned=37</script>",
)
# Who reads these sees another order than a compiler does.
HIDDEN: Final = (
    "access = 'user\u202e\u2066# admin\u2069\u2066'",
    "\u2067if x:\u2069\u200b\ufeff return",
)
