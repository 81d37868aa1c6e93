import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { deploymentsQuery, routesQuery, upstreamsQuery } from "@/api/fleet";
import type { World } from "./world";

/** Everything a route can lead to. Empty lists until it is known. */
export function useWorld(): World {
  const deployments = useQuery(deploymentsQuery).data?.items;
  const upstreams = useQuery(upstreamsQuery).data?.items;
  const routes = useQuery(routesQuery).data?.items;
  return useMemo(
    () => ({
      deployments: deployments ?? [],
      upstreams: upstreams ?? [],
      routes: routes ?? [],
    }),
    [deployments, upstreams, routes],
  );
}
