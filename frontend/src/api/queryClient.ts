import { QueryClient } from "@tanstack/react-query";
import { statusOf } from "./errors";

const FRESH_FOR_MS = 10_000;

/** Server state lives here and nowhere else. Events make it stale; see `events/live.ts`. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: FRESH_FOR_MS,
      retry: (failures, error) => {
        const status = statusOf(error);
        const mayHelp = status === null || status === 0 || status >= 500;
        return mayHelp && failures < 2;
      },
      retryDelay: (failures) => Math.min(4000, 500 * 2 ** failures),
    },
    mutations: { retry: false },
  },
});
