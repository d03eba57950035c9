/** Fields that several forms share. */
export const fields = {
  email: { name: "email", label: "E-mail address", type: "email", autoComplete: "username" },
  password: { name: "password", label: "Password", type: "password", autoComplete: "current-password" },
  newPassword: {
    name: "password",
    label: "New password",
    type: "password",
    autoComplete: "new-password",
    hint: "At least 8 characters. A sentence is best.",
  },
  code: {
    name: "code",
    label: "Code",
    type: "code",
    autoComplete: "one-time-code",
    hint: "Eight digits from the e-mail. Spaces do not matter.",
  },
  totp: {
    name: "code",
    label: "Code from your app",
    type: "code",
    autoComplete: "one-time-code",
    hint: "Six digits. Each works once.",
  },
  recovery: {
    name: "recovery",
    label: "Recovery code",
    type: "text",
    autoComplete: "off",
    hint: "One of the codes that you printed. Each works once.",
  },
} as const
