/** What staff did. */
import { Directive, Field, ID, InputType, ObjectType } from 'type-graphql';
import { Account } from './accounts.js';
import { PageInfo } from './paging.js';
import { DateTime } from './scalars.js';

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'Something a staff member did or looked at.' })
export class AuditEntry {
  @Field(() => ID, { description: 'An opaque id, unique across all types.' })
  id!: string;

  @Field(() => String, { description: 'What was done, as the name of the operation.' })
  action!: string;

  @Field(() => DateTime, { description: 'When.' })
  at!: Date;

  @Field(() => Account, {
    nullable: true,
    description: 'Which staff member did it. Null when a service or an operator did.',
  })
  by!: Account | null;

  @Field(() => String, {
    nullable: true,
    description: 'Which service or command did it. Null when a staff member did.',
  })
  byService!: string | null;

  @Field(() => Account, { nullable: true, description: 'The account it was done to. Null when it concerned none.' })
  subject!: Account | null;

  @Field(() => String, { nullable: true, description: 'Why, as written then. Null when nothing was.' })
  note!: string | null;
}

@Directive('@tag(name: "staff")')
@InputType({ description: 'Which audit entries to return. Conditions are joined with and.' })
export class AuditLogFilter {
  @Field(() => ID, { nullable: true, description: 'Only what this staff member did.' })
  byAccountId?: string | null;

  @Field(() => ID, { nullable: true, description: 'Only what was done to this account.' })
  subjectAccountId?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'Only entries at or after this instant.' })
  from?: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'Only entries before this instant.' })
  before?: Date | null;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'A page of audit entries.' })
export class AuditEntryConnection {
  @Field(() => [AuditEntryEdge], { description: 'The entries with their cursors.' })
  edges!: AuditEntryEdge[];

  @Field(() => [AuditEntry], { description: 'The entries.' })
  nodes!: AuditEntry[];

  @Field(() => PageInfo, { description: 'Where the page lies.' })
  pageInfo!: PageInfo;
}

@Directive('@tag(name: "staff")')
@ObjectType({ description: 'An audit entry in a page.' })
export class AuditEntryEdge {
  @Field(() => String, { description: 'Where the entry lies in the connection.' })
  cursor!: string;

  @Field(() => AuditEntry, { description: 'The entry.' })
  node!: AuditEntry;
}
