import { lazy, type ReactNode, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Ide } from "./components/ide";
import "./style.css";

// Whoever opens the page itself loads none of these.
const SharedPage = lazy(() => import("./pages/SharedPage"));
const WatchPage = lazy(() => import("./pages/WatchPage"));
const RunPage = lazy(async () => ({ default: (await import("./pages/WatchPage")).RunPage }));
const EmbedPage = lazy(() => import("./pages/EmbedPage"));

function page(): ReactNode {
  const [, kind, link = ""] = location.pathname.split("/");
  switch (kind) {
    case "p":
      return <SharedPage link={link} />;
    case "watch":
      return <WatchPage link={link} />;
    case "run":
      return <RunPage jobId={link} />;
    case "embed":
      return <EmbedPage />;
    default:
      return <Ide />;
  }
}

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <Suspense>{page()}</Suspense>
  </StrictMode>,
);
