/** Who is signed in, and what they may do. Rights come from the API; the console never guesses. */
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { statusOf } from "./errors";

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: () => unwrap(api.GET("/api/session")),
  staleTime: 60_000,
  retry: (failures, error) => statusOf(error) !== 401 && failures < 2,
});

/** What a person is called: their name where they gave one, else what they sign in with. */
export function nameOf(user: { first_name: string; last_name: string; username: string }): string {
  return `${user.first_name} ${user.last_name}`.trim() || user.username;
}

/** The signed-in person. Only on pages inside the shell, where somebody is. */
export function useSession() {
  return useQuery(sessionQuery).data;
}

export function useMay(permission: string): boolean {
  return useSession()?.permissions.includes(permission) ?? false;
}

export async function signIn(
  queryClient: QueryClient,
  credentials: { username: string; password: string },
): Promise<void> {
  await unwrap(api.POST("/api/session", { body: credentials }));
  queryClient.clear();
  await queryClient.fetchQuery(sessionQuery);
}

/** Ends the session and forgets everything that was shown in it. */
export async function signOut(): Promise<void> {
  await unwrap(api.DELETE("/api/session"));
  window.location.assign("/signin");
}
