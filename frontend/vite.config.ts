import { defineConfig } from "vitest/config";

// Where the API of a running `make run` is, for `npm run dev`.
const API = process.env.YUANYA_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  base: "./",
  build: {
    outDir: "../app/master/static/console",
    emptyOutDir: true,
    target: "es2022",
    // A strict Content-Security-Policy allows neither inline scripts nor fonts from data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/docs", "/openapi.json", "/static", "/metrics", "/healthz", "/readyz"].map((path) => [
        path,
        // The master refuses writes whose Origin is not the Host they come to.
        { target: API, changeOrigin: false },
      ]),
    ),
  },
  test: { environment: "jsdom", include: ["tests/**/*.test.ts"] },
});
