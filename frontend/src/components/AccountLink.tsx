// Leads to one's account, or to the sign-in; on a phone as a small picture.

import { useAccount } from "../session/useAccount";
import { words } from "../words";

export function AccountLink() {
  const account = useAccount();
  if (account === null) return null;
  const name = account.signedIn ? account.name : words.signIn;
  return (
    <a
      className="button plain account"
      data-testid="account"
      href={account.signedIn ? "/account/" : "/accounts/login/?next=/"}
      aria-label={account.signedIn ? words.accountOf(account.name) : words.signIn}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M8 1.8a3.1 3.1 0 1 1 0 6.2 3.1 3.1 0 0 1 0-6.2zM2 14.2c0-3 2.6-4.9 6-4.9s6 1.9 6 4.9z" />
      </svg>
      <span className="wide">{name}</span>
    </a>
  );
}
