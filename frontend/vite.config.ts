import react from "@vitejs/plugin-react";
import { defineConfig, type PluginOption } from "vite";
import { precompress } from "./precompress";

const controlPlane = process.env.HEARTH_URL ?? "http://127.0.0.1:8000";

// The control plane refuses writes from another origin, which this development server is.
const asOwnOrigin = { target: controlPlane, changeOrigin: true, headers: { origin: controlPlane } };

async function mockApi(): Promise<PluginOption> {
  const { mockApi } = await import("./mock_api/plugin");
  return mockApi();
}

export default defineConfig(async ({ command }) => ({
  plugins: [
    react(),
    precompress(),
    ...(command === "serve" && process.env.HEARTH_MOCK ? [await mockApi()] : []),
  ],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    target: "es2023",
    assetsDir: "assets",
    sourcemap: false,
    chunkSizeWarningLimit: 400,
  },
  server: {
    port: 5173,
    proxy: process.env.HEARTH_MOCK
      ? undefined
      : {
          "/api": asOwnOrigin,
          "/v1": asOwnOrigin,
          "/ws": { ...asOwnOrigin, ws: true },
        },
  },
}));
