/** A screen for those who may see it. Others who come by its address are told which permission it needs. */
import { lazyRouteComponent } from "@tanstack/react-router";
import { lazy } from "react";
import { $api } from "@/api/client";
import { Loaded } from "@/kit/states";
import type { Screen } from "./screen";
import { ME_FRESH } from "./session";

const Forbidden = lazy(() => import("./forbidden"));

export function guarded({ name, permission, load }: Screen) {
  const Inner = lazyRouteComponent(load);
  if (permission === undefined) return Inner;
  function Guarded() {
    const me = $api.useQuery("get", "/api/v1/me", {}, ME_FRESH);
    return (
      <Loaded query={me}>
        {({ permissions }) =>
          permission === undefined || permissions.includes(permission) ? (
            <Inner />
          ) : (
            <Forbidden name={name} permission={permission} />
          )
        }
      </Loaded>
    );
  }
  return Object.assign(Guarded, { preload: () => Inner.preload?.() });
}
