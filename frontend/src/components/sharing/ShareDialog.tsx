// Sharing the run in the terminal. Loaded when it is first opened.

import { sharedWords as said } from "../../words";
import { Dialog } from "../Dialog";
import { RunSharing } from "./RunSharing";

interface Props {
  readonly jobId: string;
  readonly onClose: () => void;
}

export default function ShareDialog({ jobId, onClose }: Props) {
  return (
    <Dialog title={said.watchTitle} onClose={onClose}>
      <RunSharing jobId={jobId} />
    </Dialog>
  );
}
