/// <reference types="nightlatch/lucia-v2" />
declare namespace Lucia {
  type Auth = import("./lucia.ts").Auth
  type DatabaseUserAttributes = {
    username: string
  }
  type DatabaseSessionAttributes = {}
}
