import { argon2id, luciaScrypt, passwordHasher, pbkdf2, scrypt } from "nightlatch/password"
import { equal, match } from "./expect.mjs"

const password = "correct horse battery"

// Of that password, by the same functions on Node.js.
const stored = {
  pbkdf2: "$pbkdf2-sha512$i=220000$Nasbud0T4AfsLfozMrnf4g$rWIWuXOCYNBoSqiPxvit6fPspUidCR2HvkjC13RwF4E",
  scrypt: "$scrypt$ln=17,r=8,p=1$hppCP5k+xjXd7gZ8giA28g$NmZVil9I7o4Oc3b7rkg0V1E6p6RzX/tjmmni9dkjf6g",
  argon2id: "$argon2id$v=19$m=19456,t=2,p=1$ZG4rBUPLtuGZkekbiEXZbQ$Qru7Wred/GCIsJpU4Y9opzpvVWS7gI9GnwhRa7dUhvQ",
  lucia:
    "d2b79bcc6710ce54aac175c981cb864b:7bf5c6b28c0a55045f332f770df49f54469ab5f5b5a7dc0827a94df9f9d574d955c8c48321d0523b8bb9922b459ac4d13d4f451964e36659c488fb8247d9e979",
}

export const passwords = {
  "pbkdf2() hashes and verifies": () => hashAndVerify(pbkdf2(), stored.pbkdf2, /^\$pbkdf2-sha512\$i=220000\$/),
  "scrypt() hashes and verifies": () => hashAndVerify(scrypt(), stored.scrypt, /^\$scrypt\$ln=17,r=8,p=1\$/),
  "argon2id() hashes and verifies": () =>
    hashAndVerify(argon2id(), stored.argon2id, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/),
  "luciaScrypt() verifies": async () => equal(await luciaScrypt().verify(stored.lucia, password), true),
  async "passwordHasher() reads what others have hashed"() {
    const hasher = passwordHasher({ preferred: pbkdf2(), accepted: [luciaScrypt()] })
    equal([await hasher.verify(stored.lucia, password), hasher.needsRehash(stored.lucia)], [true, true])
    equal([await hasher.verify(stored.pbkdf2, password), hasher.needsRehash(stored.pbkdf2)], [true, false])
  },
}

async function hashAndVerify(hasher, storedHash, form) {
  const hash = await hasher.hash(password)
  match(hash, form)
  equal([await hasher.verify(hash, password), await hasher.verify(hash, `${password}!`)], [true, false])
  equal([await hasher.verify(storedHash, password), hasher.needsRehash(storedHash)], [true, false])
}
