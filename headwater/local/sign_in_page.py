"""The development issuer's one page: who do you want to be? No script; the same stylesheet as every other page."""

from __future__ import annotations

from html import escape

ROLES = (
    ("publisher", "Publisher", "Uploads, goes live, sees their own figures"),
    ("viewer", "Viewer", "Watches what is shared with them"),
    ("admin", "Administrator", "Sees everybody's recordings and the queues"),
)

_PAGE = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Sign in · Headwater</title>
    <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
    <script src="/assets/theme.js"></script>
    <link rel="stylesheet" href="/assets/headwater.css" />
  </head>
  <body class="issuer">
    <main class="issuer__main">
      <p class="wordmark">
        <svg class="wordmark__mark" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M2 5c6 0 6 7 12 7h8M2 12h20M2 19c6 0 6-7 12-7" />
        </svg>
        Headwater
      </p>
      <h1 class="issuer__title">Who is this?</h1>
      <p class="issuer__text">This machine's development issuer believes every name. In production your organisation's
        sign-in stands here.</p>
      <form class="issuer__form" method="post" action="{action}">
        <label class="field"><span>User</span>
          <input name="user" value="{user}" required maxlength="64" pattern="[A-Za-z0-9._@\\-]{{1,64}}"
            title="Letters, digits and . _ @ -" autocomplete="username" autocapitalize="none" spellcheck="false"
            autofocus />
        </label>
        <fieldset class="roles">
          <legend>Role</legend>
{roles}
        </fieldset>
        {message}
        <button class="button button--primary" type="submit">Sign in</button>
      </form>
    </main>
  </body>
</html>
"""
_ROLE = """          <label class="roles__role"><input type="radio" name="role" value="{value}"{checked} />
            <span><b>{name}</b> <small>{text}</small></span></label>"""


def sign_in_page(action: str, *, user: str = "", role: str = "publisher", message: str = "") -> str:
    """Return the form; it posts to `action`, what was typed before stays, `message` says what was wrong with it."""
    roles = "\n".join(
        _ROLE.format(value=value, name=name, text=escape(text), checked=" checked" if value == role else "")
        for value, name, text in ROLES
    )
    shown = f'<p class="form__message" role="alert">{escape(message)}</p>' if message else ""
    return _PAGE.format(action=escape(action), user=escape(user), roles=roles, message=shown)
