import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Django serves the build: index.html at `/`, everything beside it under `/static/ide/`.
const SERVER = "http://127.0.0.1:8000";

// The package declares the calls that fill its table of keys to be without effect, and a bundler
// believes it and leaves them out.
const emacsKeys = {
  name: "emacs-keys",
  transform: (code: string, id: string) =>
    id.includes("@replit/codemirror-emacs")
      ? { code: code.replaceAll("/*@__PURE__*/EmacsHandler.", "EmacsHandler."), map: null }
      : null,
};

export default defineConfig(({ command }) => ({
  base: command === "build" ? "/static/ide/" : "/",
  plugins: [react(), emacsKeys],
  build: {
    target: "es2022",
    // The content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    rolldownOptions: {
      output: {
        // Libraries change rarely; apart from our own code they stay in the browser's cache.
        codeSplitting: {
          groups: [
            { name: "react", test: /node_modules.(react|react-dom|scheduler)./ },
            { name: "xterm", test: /node_modules.@xterm.(xterm|addon-fit|addon-unicode11)./ },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/api": SERVER,
      // The server takes a WebSocket only from its own pages.
      "/ws": { target: SERVER, ws: true, rewriteWsOrigin: true },
    },
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
}));
