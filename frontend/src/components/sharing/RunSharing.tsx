// All the ways in which the owner of a run lets others see it, or type into it.

import { AccountSharing } from "./AccountSharing";
import { LinkSharing } from "./LinkSharing";

export function RunSharing({ jobId }: { readonly jobId: string }) {
  return (
    <div className="run-sharing" data-testid="run-sharing">
      <LinkSharing jobId={jobId} />
      <AccountSharing jobId={jobId} />
    </div>
  );
}
