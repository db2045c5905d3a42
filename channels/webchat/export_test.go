package webchat

// IdentityOf is the identity of who holds a secret.
func IdentityOf(account, secret string) string { return identity(account, secret) }
