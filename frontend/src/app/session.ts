/** Who is signed in, and what they may do. */

import { api, call, setCsrfToken, type Schemas } from "../api/client";
import { events } from "../api/events";
import { ApiError } from "../api/problem";

export type Role = Schemas["Role"];

const RANKS: Record<Role, number> = { viewer: 0, operator: 1, editor: 2, admin: 3 };

class Session {
  current: Schemas["SessionView"] | null = null;

  /** The session that the browser's cookie stands for, if any. */
  async restore(): Promise<void> {
    try {
      this.take(await call(() => api.GET("/api/v1/session"), { quietly: true }));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      this.take(null);
    }
  }

  /** Asks who is signed in now, and to sign in again where nobody is. Whether the role is another than before. */
  async renew(): Promise<boolean> {
    const before = this.current;
    const now = await call(() => api.GET("/api/v1/session"));
    // Another tab may have signed in somebody else, to whom what is on this page does not belong.
    if (now.user !== before?.user) return false;
    this.current = now;
    setCsrfToken(now.csrfToken);
    return now.role !== before.role;
  }

  async signIn(username: string, password: string): Promise<void> {
    this.take(
      await call(() => api.POST("/api/v1/session", { body: { username, password } }), { quietly: true }),
    );
  }

  /** With the secret of a link that works once. */
  async redeem(link: string): Promise<void> {
    this.take(await call(() => api.POST("/api/v1/session/redeem", { body: { link } }), { quietly: true }));
  }

  /** A session that has ended meanwhile is one that is signed out. */
  async signOut(): Promise<void> {
    await call(() => api.DELETE("/api/v1/session"), { quietly: true, accept: [401] });
    this.take(null);
  }

  /** Whether the account has at least this role. The server decides; this only hides what it would refuse. */
  may(role: Role): boolean {
    return this.current !== null && RANKS[this.current.role] >= RANKS[role];
  }

  private take(session: Schemas["SessionView"] | null): void {
    this.current = session;
    setCsrfToken(session?.csrfToken ?? null);
    if (session) events.start();
    else events.stop();
  }
}

export const session = new Session();
