{{ cahps_top_box('office_staff') }}
