#include "vault/store.h"

void
vault_store_free(struct vault_store *s)
{
	if (s != NULL)
		s->ops->free(s);
}
