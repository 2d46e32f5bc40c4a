/// <reference types="node" />
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** `npm run dev` serves the sources at once and asks a server of this machine for everything else. */
const SERVER = process.env.PILOTHOUSE_SERVER ?? "http://127.0.0.1:8000";

/** What the page of customers shares with the console. */
const BASE =
  /node_modules\/(react|react-dom|scheduler)\/|\/src\/(api\/problem|kit\/utc|kit\/json|strings\/chat)\.ts$/;

export default defineConfig({
  base: "/console/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    outDir: "../src/pilothouse/protocols/console/static",
    emptyOutDir: true,
    sourcemap: false,
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ["index.html", "chat.html"],
      // few files: what both pages need, what every screen begins with, and what many screens share
      output: {
        codeSplitting: {
          groups: [
            { name: "base", test: BASE, priority: 3 },
            {
              name: "frame",
              test: /node_modules|\/src\/(api|app|kit|strings)\//,
              tags: ["$initial"],
              priority: 2,
            },
            { name: "kit", minShareCount: 8, priority: 1 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": SERVER, "/sign-in": SERVER, "/health": SERVER } },
  test: {
    environment: "jsdom",
    setupFiles: ["./src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    pool: "threads",
    maxWorkers: 2,
    isolate: false, // one window for all files of a worker: ten times as quick, and no file changes a module
  },
});
