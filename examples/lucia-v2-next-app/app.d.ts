/// <reference types="nightlatch/lucia-v2" />
declare namespace Lucia {
  // The tutorial said "./lucia.js", and wrote the file to auth/.
  type Auth = import("./auth/lucia").Auth
  type DatabaseUserAttributes = {
    username: string
  }
  type DatabaseSessionAttributes = {}
}
