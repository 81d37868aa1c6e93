/** Every screen and its address. Each page is a chunk of its own and loads when it is opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { isNoConnection, statusOf } from "./api/errors";
import { queryClient } from "./api/queryClient";
import { sessionQuery } from "./api/session";
import { parseView, readViewState, writeView } from "./api/view";
import { Dialogs } from "./dialogs";
import { NotFound, RouteProblem } from "./features/shell/NotFound";
import { Shell } from "./features/shell/Shell";

const root = createRootRoute({
  validateSearch: readViewState,
  errorComponent: RouteProblem,
  notFoundComponent: NotFound,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  component: lazyRouteComponent(() => import("./features/session/SignInPage"), "SignInPage"),
});

/** Everything behind the sign-in. */
const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: () => (
    <>
      <Shell />
      <Dialogs />
    </>
  ),
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (error) {
      if (statusOf(error) === 401) {
        throw redirect({ to: "/signin", search: { next: location.href } });
      }
      // Without a connection the shell says so; pages cannot know more.
      if (!isNoConnection(error)) throw error;
    }
  },
});

const home = createRoute({
  getParentRoute: () => shell,
  path: "/",
  component: lazyRouteComponent(() => import("./features/home/HomePage"), "HomePage"),
});

const welcome = createRoute({
  getParentRoute: () => shell,
  path: "/welcome",
  component: lazyRouteComponent(() => import("./features/home/WelcomePage"), "WelcomePage"),
});

const status = createRoute({
  getParentRoute: () => shell,
  path: "/status",
  component: lazyRouteComponent(() => import("./features/status/StatusPage"), "StatusPage"),
});

const chat = createRoute({
  getParentRoute: () => shell,
  path: "/chat",
  component: lazyRouteComponent(() => import("./features/chat/ChatPage"), "ChatPage"),
});

const nodes = createRoute({
  getParentRoute: () => shell,
  path: "/nodes",
  component: lazyRouteComponent(() => import("./features/nodes/NodesPage"), "NodesPage"),
});

const node = createRoute({
  getParentRoute: () => shell,
  path: "/nodes/$name",
  component: lazyRouteComponent(() => import("./features/nodes/NodePage"), "NodePage"),
});

const models = createRoute({
  getParentRoute: () => shell,
  path: "/models",
  component: lazyRouteComponent(() => import("./features/models/ModelsPage"), "ModelsPage"),
});

const model = createRoute({
  getParentRoute: () => shell,
  path: "/models/$name",
  component: lazyRouteComponent(() => import("./features/models/ModelPage"), "ModelPage"),
});

const modelFiles = createRoute({
  getParentRoute: () => shell,
  path: "/model-files",
  component: lazyRouteComponent(() => import("./features/models/ModelFilesPage"), "ModelFilesPage"),
});

const deployments = createRoute({
  getParentRoute: () => shell,
  path: "/deployments",
  component: lazyRouteComponent(
    () => import("./features/deployments/DeploymentsPage"),
    "DeploymentsPage",
  ),
});

const deployment = createRoute({
  getParentRoute: () => shell,
  path: "/deployments/$name",
  component: lazyRouteComponent(
    () => import("./features/deployments/DeploymentPage"),
    "DeploymentPage",
  ),
});

/** What *Why?* links to as a replica is a place on its deployment's page. */
const replica = createRoute({
  getParentRoute: () => shell,
  path: "/deployments/$name/replicas/$position",
  beforeLoad: ({ params }) => {
    throw redirect({
      to: "/deployments/$name",
      params: { name: params.name },
      search: { step: params.position },
      replace: true,
    });
  },
});

const operations = createRoute({
  getParentRoute: () => shell,
  path: "/operations",
  component: lazyRouteComponent(
    () => import("./features/operations/OperationsPage"),
    "OperationsPage",
  ),
});

const operation = createRoute({
  getParentRoute: () => shell,
  path: "/operations/$operationId",
  component: lazyRouteComponent(
    () => import("./features/operations/OperationPage"),
    "OperationPage",
  ),
});

const keys = createRoute({
  getParentRoute: () => shell,
  path: "/keys",
  component: lazyRouteComponent(() => import("./features/gateway/keys/KeysPage"), "KeysPage"),
});

const key = createRoute({
  getParentRoute: () => shell,
  path: "/keys/$keyId",
  component: lazyRouteComponent(() => import("./features/gateway/keys/KeyPage"), "KeyPage"),
});

const usage = createRoute({
  getParentRoute: () => shell,
  path: "/usage",
  component: lazyRouteComponent(() => import("./features/gateway/usage/UsagePage"), "UsagePage"),
});

const upstreams = createRoute({
  getParentRoute: () => shell,
  path: "/upstreams",
  component: lazyRouteComponent(
    () => import("./features/gateway/upstreams/UpstreamsPage"),
    "UpstreamsPage",
  ),
});

const upstream = createRoute({
  getParentRoute: () => shell,
  path: "/upstreams/$upstreamId",
  component: lazyRouteComponent(
    () => import("./features/gateway/upstreams/UpstreamPage"),
    "UpstreamPage",
  ),
});

const requests = createRoute({
  getParentRoute: () => shell,
  path: "/requests",
  component: lazyRouteComponent(
    () => import("./features/gateway/requests/RequestsPage"),
    "RequestsPage",
  ),
});

const request = createRoute({
  getParentRoute: () => shell,
  path: "/requests/$requestId",
  component: lazyRouteComponent(
    () => import("./features/gateway/requests/RequestPage"),
    "RequestPage",
  ),
});

const routes = createRoute({
  getParentRoute: () => shell,
  path: "/routes",
  component: lazyRouteComponent(() => import("./features/gateway/routes/RoutesPage"), "RoutesPage"),
});

const route = createRoute({
  getParentRoute: () => shell,
  path: "/routes/$name",
  component: lazyRouteComponent(() => import("./features/gateway/routes/RoutePage"), "RoutePage"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  component: lazyRouteComponent(() => import("./features/settings/SettingsPage"), "SettingsPage"),
});

const people = createRoute({
  getParentRoute: () => shell,
  path: "/settings/people",
  component: lazyRouteComponent(() => import("./features/settings/PeoplePage"), "PeoplePage"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "/audit",
  component: lazyRouteComponent(() => import("./features/audit/AuditPage"), "AuditPage"),
});

const profile = createRoute({
  getParentRoute: () => shell,
  path: "/profile",
  component: lazyRouteComponent(() => import("./features/settings/ProfilePage"), "ProfilePage"),
});

/** Any other address: said inside the frame, so that people find their way on. */
const nothing = createRoute({ getParentRoute: () => shell, path: "$", component: NotFound });

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    shell.addChildren([
      nothing,
      home,
      welcome,
      status,
      chat,
      nodes,
      node,
      models,
      model,
      modelFiles,
      deployments,
      deployment,
      replica,
      operations,
      operation,
      keys,
      key,
      usage,
      upstreams,
      upstream,
      requests,
      request,
      routes,
      route,
      settings,
      people,
      audit,
      profile,
    ]),
  ]),
  parseSearch: parseView,
  stringifySearch: writeView,
  defaultPreload: "intent",
  defaultNotFoundComponent: NotFound,
  defaultErrorComponent: RouteProblem,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
