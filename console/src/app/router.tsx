/** Addresses: one lazily loaded route for each screen, within the shell. */
import { createRootRoute, createRoute, createRouter } from "@tanstack/react-router";
import { Loading } from "@/kit/states";
import { Broken } from "./broken";
import { guarded } from "./guarded";
import { NotFound } from "./not-found";
import { SCREENS } from "./screens";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const routes = SCREENS.map((screen) =>
  createRoute({ getParentRoute: () => root, path: screen.path, component: guarded(screen) }),
);

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: "/console",
  defaultPendingComponent: Loading,
  defaultErrorComponent: Broken,
  defaultPreload: "intent",
  scrollRestoration: true,
});
